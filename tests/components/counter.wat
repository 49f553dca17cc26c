;; Keeps a number between calls, so that a reused instance can be told from a fresh one.
(component
  (core module $code
    (global $count (mut i32) (i32.const 0))
    (func (export "next") (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (global.get $count)))
  (core instance $i (instantiate $code))
  (func (export "next") (result u32) (canon lift (core func $i "next"))))
