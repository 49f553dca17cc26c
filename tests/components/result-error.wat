;; Tools that answer their own error: a string, a record, or nothing.
(component
  (core module $code
    (memory (export "memory") 1)
    (data (i32.const 0x100) "division by zero")
    (data (i32.const 0x120) "overflow")
    (data (i32.const 0x140) "not a digit")

    ;; A result lies at 16: the discriminant (0 is ok), its payload from 20.
    (func $fail (param $text i32) (param $size i32) (result i32)
      (i32.store8 (i32.const 16) (i32.const 1))
      (i32.store (i32.const 20) (local.get $text))
      (i32.store (i32.const 24) (local.get $size))
      (i32.const 16))
    (func $answer (param $value i32) (result i32)
      (i32.store8 (i32.const 16) (i32.const 0))
      (i32.store (i32.const 20) (local.get $value))
      (i32.const 16))

    (func (export "divide") (param $a i32) (param $b i32) (result i32)
      (if (i32.eqz (local.get $b))
        (then (return (call $fail (i32.const 0x100) (i32.const 16)))))
      (if (i32.and
            (i32.eq (local.get $a) (i32.const 0x80000000))
            (i32.eq (local.get $b) (i32.const -1)))
        (then (return (call $fail (i32.const 0x120) (i32.const 8)))))
      (call $answer (i32.div_s (local.get $a) (local.get $b))))

    ;; The error is a record: the char's code, then a message.
    (func (export "parse") (param $digit i32) (result i32)
      (local $value i32)
      (local.set $value (i32.sub (local.get $digit) (i32.const 0x30)))
      (if (i32.lt_u (local.get $value) (i32.const 10))
        (then (return (call $answer (local.get $value)))))
      (i32.store8 (i32.const 16) (i32.const 1))
      (i32.store (i32.const 20) (local.get $digit))
      (i32.store (i32.const 24) (i32.const 0x140))
      (i32.store (i32.const 28) (i32.const 11))
      (i32.const 16))

    (func (export "check") (param $fine i32) (result i32) (i32.eqz (local.get $fine))))
  (core instance $i (instantiate $code))

  (type $record (record (field "code" u32) (field "message" string)))
  (export $mistake "mistake" (type $record))

  (func (export "divide") (param "a" s32) (param "b" s32) (result (result s32 (error string)))
    (canon lift (core func $i "divide") (memory (core memory $i "memory"))))
  (func (export "parse") (param "digit" char) (result (result u32 (error $mistake)))
    (canon lift (core func $i "parse") (memory (core memory $i "memory"))))
  (func (export "check") (param "fine" bool) (result (result))
    (canon lift (core func $i "check"))))
