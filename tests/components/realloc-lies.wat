;; Answers addresses that are outside of its memory, or not aligned, when the host asks for
;; memory to write an argument to.
(component
  (core module $code
    (memory (export "memory") 1)
    (func (export "outside") (param i32 i32 i32 i32) (result i32) (i32.const 0xfffffff0))
    (func (export "misaligned") (param i32 i32 i32 i32) (result i32) (i32.const 1))
    (func (export "ignore") (param i32 i32)))
  (core instance $i (instantiate $code))
  (func (export "outside") (param "text" string)
    (canon lift (core func $i "ignore")
      (memory (core memory $i "memory"))
      (realloc (core func $i "outside"))))
  (func (export "misaligned") (param "numbers" (list u32))
    (canon lift (core func $i "ignore")
      (memory (core memory $i "memory"))
      (realloc (core func $i "misaligned")))))
