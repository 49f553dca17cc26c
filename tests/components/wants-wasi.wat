;; Imports two interfaces of WASI 0.2.
(component
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (type $u64 u64)
    (export "instant" (type $instant (eq $u64)))
    (export "now" (func (result $instant)))))
  (import "wasi:cli/environment@0.2.0" (instance
    (export "get-environment" (func (result (list (tuple string string)))))))
  (core func $now (canon lower (func $clock "now")))
  (core module $code
    (import "clock" "now" (func $now (result i64)))
    (func (export "now") (result i64) (call $now)))
  (core instance $i (instantiate $code
    (with "clock" (instance (export "now" (func $now))))))
  (func (export "now") (result u64) (canon lift (core func $i "now"))))
