;; Traps as soon as the host asks for memory to write an argument to.
(component
  (core module $code
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "echo") (param $text i32) (param $size i32) (result i32)
      (i32.store (i32.const 16) (local.get $text))
      (i32.store (i32.const 20) (local.get $size))
      (i32.const 16))
    (func (export "nothing")))
  (core instance $i (instantiate $code))
  (func (export "echo") (param "text" string) (result string)
    (canon lift (core func $i "echo")
      (memory (core memory $i "memory"))
      (realloc (core func $i "realloc"))))
  (func (export "nothing") (canon lift (core func $i "nothing"))))
