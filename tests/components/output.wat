;; Answers as much as it is asked for: a string or a byte list of 'a'. Traps where memory is
;; refused.
(component
  (core module $code
    (memory (export "memory") 1)
    (func (export "fill") (param $size i32) (result i32)
      (if (i32.lt_s
            (memory.grow (i32.shr_u (i32.add (local.get $size) (i32.const 0xffff)) (i32.const 16)))
            (i32.const 0))
        (then unreachable))
      (memory.fill (i32.const 1024) (i32.const 0x61) (local.get $size))
      (i32.store (i32.const 16) (i32.const 1024))
      (i32.store (i32.const 20) (local.get $size))
      (i32.const 16)))
  (core instance $i (instantiate $code))
  (func (export "big") (param "bytes" u32) (result string)
    (canon lift (core func $i "fill") (memory (core memory $i "memory"))))
  (func (export "big-list") (param "n" u32) (result (list u8))
    (canon lift (core func $i "fill") (memory (core memory $i "memory")))))
