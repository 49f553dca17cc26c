;; Recursion without end exhausts the guest's stack: a trap. A bounded one answers its depth.
(component
  (core module $code
    (func $dive (export "dive") (result i32)
      (i32.add (call $dive) (i32.const 1)))
    (func $dive-to (export "dive-to") (param $depth i32) (result i32)
      (if (result i32) (i32.eqz (local.get $depth))
        (then (i32.const 0))
        (else
          (i32.add
            (call $dive-to (i32.sub (local.get $depth) (i32.const 1)))
            (i32.const 1))))))
  (core instance $i (instantiate $code))
  (func (export "dive") (result u32) (canon lift (core func $i "dive")))
  (func (export "dive-to") (param "depth" u32) (result u32)
    (canon lift (core func $i "dive-to"))))
