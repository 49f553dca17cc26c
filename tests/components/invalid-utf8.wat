;; Answers strings that are not UTF-8, a char that is a surrogate, and an enum case that does
;; not exist: a trap each.
(component
  (core module $code
    (memory (export "memory") 1)
    (data (i32.const 0x100) "caf\ff\fe")              ;; bytes that occur in no UTF-8
    (data (i32.const 0x110) "abc\e2\82")              ;; a sequence cut short
    (data (i32.const 0x120) "\c0\af")                 ;; an overlong '/'
    (data (i32.const 0x130) "\ed\a0\80")              ;; a surrogate, U+D800
    ;; Address and length of each.
    (data (i32.const 0x10) "\00\01\00\00\05\00\00\00")
    (data (i32.const 0x18) "\10\01\00\00\05\00\00\00")
    (data (i32.const 0x20) "\20\01\00\00\02\00\00\00")
    (data (i32.const 0x28) "\30\01\00\00\03\00\00\00")
    (func (export "text") (result i32) (i32.const 0x10))
    (func (export "truncated") (result i32) (i32.const 0x18))
    (func (export "overlong") (result i32) (i32.const 0x20))
    (func (export "surrogate") (result i32) (i32.const 0x28))
    (func (export "scalar") (result i32) (i32.const 0xd800))
    (func (export "color") (result i32) (i32.const 7)))
  (core instance $i (instantiate $code))
  (type $enum (enum "red" "green" "blue"))
  (export $color "colors" (type $enum))
  (func (export "text") (result string)
    (canon lift (core func $i "text") (memory (core memory $i "memory"))))
  (func (export "truncated") (result string)
    (canon lift (core func $i "truncated") (memory (core memory $i "memory"))))
  (func (export "overlong") (result string)
    (canon lift (core func $i "overlong") (memory (core memory $i "memory"))))
  (func (export "surrogate") (result string)
    (canon lift (core func $i "surrogate") (memory (core memory $i "memory"))))
  (func (export "scalar") (result char)
    (canon lift (core func $i "scalar")))
  (func (export "color") (result $color)
    (canon lift (core func $i "color"))))
