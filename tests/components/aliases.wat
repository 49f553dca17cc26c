;; A list of many strings which are all the same memory: a small guest whose answer is large.
;; `many` is 500 aliases of one string of 1 MiB.
(component
  (core module $code
    (memory (export "memory") 1)
    ;; The string begins at 64 KiB; the list of (address, length) follows it, aligned to 8.
    (func $aliases (export "aliases") (param $n i32) (param $size i32) (result i32)
      (local $list i32) (local $i i32) (local $at i32)
      (local.set $list
        (i32.and
          (i32.add (i32.const 0x10007) (local.get $size))
          (i32.const -8)))
      (if (i32.lt_s
            (memory.grow
              (i32.add
                (i32.shr_u
                  (i32.add (local.get $size) (i32.shl (local.get $n) (i32.const 3)))
                  (i32.const 16))
                (i32.const 2)))
            (i32.const 0))
        (then unreachable))
      (memory.fill (i32.const 0x10000) (i32.const 0x61) (local.get $size))
      (block $done
        (loop $again
          (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
          (local.set $at (i32.add (local.get $list) (i32.shl (local.get $i) (i32.const 3))))
          (i32.store (local.get $at) (i32.const 0x10000))
          (i32.store offset=4 (local.get $at) (local.get $size))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $again)))
      (i32.store (i32.const 16) (local.get $list))
      (i32.store (i32.const 20) (local.get $n))
      (i32.const 16))
    (func (export "many") (result i32)
      (call $aliases (i32.const 500) (i32.const 0x100000))))
  (core instance $i (instantiate $code))
  (func (export "many") (result (list string))
    (canon lift (core func $i "many") (memory (core memory $i "memory"))))
  (func (export "aliases") (param "n" u32) (param "size" u32) (result (list string))
    (canon lift (core func $i "aliases") (memory (core memory $i "memory")))))
