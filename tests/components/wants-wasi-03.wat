;; Imports an interface of WASI 0.3.
(component
  (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock
    (type $u64 u64)
    (export "mark" (type $mark (eq $u64)))
    (export "now" (func (result $mark)))))
  (core func $now (canon lower (func $clock "now")))
  (core module $code
    (import "clock" "now" (func $now (result i64)))
    (func (export "now") (result i64) (call $now)))
  (core instance $i (instantiate $code
    (with "clock" (instance (export "now" (func $now))))))
  (func (export "now") (result u64) (canon lift (core func $i "now"))))
