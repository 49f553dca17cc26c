;; Misbehaves after its answer is there, when it is told to free it.
(component
  (core module $code
    (memory (export "memory") 1)
    (data (i32.const 0x10) "\18\00\00\00\04\00\00\00done")
    (func (export "answer") (result i32) (i32.const 0x10))
    (func (export "trap") (param i32) unreachable)
    (func (export "loop") (param i32) (loop $again (br $again))))
  (core instance $i (instantiate $code))
  (func (export "trap-after") (result string)
    (canon lift (core func $i "answer")
      (memory (core memory $i "memory"))
      (post-return (core func $i "trap"))))
  (func (export "loop-after") (result string)
    (canon lift (core func $i "answer")
      (memory (core memory $i "memory"))
      (post-return (core func $i "loop")))))
