;; One tool among exports that are none: a toolchain's `init` and `exports`, an interface of WASI
;; and one of the host's own namespace.
(component
  (core module $code
    (func (export "nothing"))
    (func (export "zero") (result i32) (i32.const 0))
    (func (export "real") (result i32) (i32.const 1)))
  (core instance $i (instantiate $code))
  (func $nothing (canon lift (core func $i "nothing")))
  (func $run (result (result)) (canon lift (core func $i "zero")))
  (instance $exports (export "nothing" (func $nothing)))
  (instance $cli (export "run" (func $run)))
  (instance $own (export "hidden" (func $nothing)))
  (export "init" (func $nothing))
  (export "exports" (instance $exports))
  (export "wasi:cli/run@0.2.0" (instance $cli))
  (export "innkeeper:test/own@0.1.0" (instance $own))
  (func (export "real") (result u32) (canon lift (core func $i "real"))))
