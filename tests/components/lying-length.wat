;; Answers addresses and lengths that leave its memory, wrap around it, or are not aligned: a
;; trap each.
(component
  (core module $code
    (memory (export "memory") 1)
    (data (i32.const 0x10) "\00\00\00\00\ff\ff\ff\7f")  ;; in memory, 2 GiB long
    (data (i32.const 0x18) "\f0\ff\ff\ff\10\00\00\00")  ;; the last 16 bytes below 4 GiB
    (data (i32.const 0x20) "\00\00\00\00\01\00\00\20")  ;; 0x20000001 elements of 8 bytes: 2^32 + 8
    (data (i32.const 0x28) "\01\00\00\00\02\00\00\00")  ;; two elements of 4 bytes at address 1
    (func (export "beyond") (result i32) (i32.const 0x10))
    (func (export "outside") (result i32) (i32.const 0x18))
    (func (export "wrapping") (result i32) (i32.const 0x20))
    (func (export "misaligned") (result i32) (i32.const 0x28))
    (func (export "area") (result i32) (i32.const 0xfffc)))
  (core instance $i (instantiate $code))
  (func (export "beyond") (result string)
    (canon lift (core func $i "beyond") (memory (core memory $i "memory"))))
  (func (export "outside") (result string)
    (canon lift (core func $i "outside") (memory (core memory $i "memory"))))
  (func (export "wrapping") (result (list u64))
    (canon lift (core func $i "wrapping") (memory (core memory $i "memory"))))
  (func (export "misaligned") (result (list u32))
    (canon lift (core func $i "misaligned") (memory (core memory $i "memory"))))
  ;; The area that should hold address and length itself ends outside of memory.
  (func (export "area") (result string)
    (canon lift (core func $i "area") (memory (core memory $i "memory")))))
