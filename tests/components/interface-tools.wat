;; Two exported interfaces that share a function name, and a function that only one has.
(component
  (core module $code
    (memory (export "memory") 1)
    (data (i32.const 0x10) "\18\00\00\00\05\00\00\00alpha")
    (func (export "alpha-run") (result i32) (i32.const 0x10))
    (func (export "beta-run") (param $n i32) (result i32) (i32.add (local.get $n) (i32.const 1)))
    (func (export "only-beta") (result i32) (i32.const 7)))
  (core instance $i (instantiate $code))
  (func $alpha-run (result string)
    (canon lift (core func $i "alpha-run") (memory (core memory $i "memory"))))
  (func $beta-run (param "n" u32) (result u32) (canon lift (core func $i "beta-run")))
  (func $only-beta (result u32) (canon lift (core func $i "only-beta")))
  (instance $alpha (export "run" (func $alpha-run)))
  (instance $beta
    (export "run" (func $beta-run))
    (export "only-beta" (func $only-beta)))
  (export "test:tools/alpha" (instance $alpha))
  (export "test:tools/beta@1.2.3" (instance $beta)))
