;; Nine strings are 18 core values, over the 16 that are passed as such: the arguments go
;; through memory, one pointer to all of them. They come back as a list over the same memory.
(component
  (core module $code
    (memory (export "memory") 1)
    (global $heap (mut i32) (i32.const 1024))
    (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32)
      (param $size i32) (result i32)
      (local $at i32)
      (local.set $at
        (i32.and
          (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
      (global.set $heap (i32.add (local.get $at) (local.get $size)))
      (if (i32.gt_u (global.get $heap) (i32.shl (memory.size) (i32.const 16)))
        (then
          (if (i32.lt_s
                (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1)))
                (i32.const 0))
            (then unreachable))))
      (memory.copy (local.get $at) (local.get $old) (local.get $old-size))
      (local.get $at))
    (func (export "free") (param i32) (global.set $heap (i32.const 1024)))
    (func (export "gather") (param $arguments i32) (result i32)
      (i32.store (i32.const 16) (local.get $arguments))
      (i32.store (i32.const 20) (i32.const 9))
      (i32.const 16)))
  (core instance $i (instantiate $code))
  (func (export "gather")
    (param "a" string) (param "b" string) (param "c" string)
    (param "d" string) (param "e" string) (param "f" string)
    (param "g" string) (param "h" string) (param "i" string)
    (result (list string))
    (canon lift (core func $i "gather")
      (memory (core memory $i "memory"))
      (realloc (core func $i "realloc"))
      (post-return (core func $i "free")))))
