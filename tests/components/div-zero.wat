;; Divides as it is told, by zero too.
(component
  (core module $code
    (func (export "divide") (param $a i32) (param $b i32) (result i32)
      (i32.div_s (local.get $a) (local.get $b))))
  (core instance $i (instantiate $code))
  (func (export "divide") (param "a" s32) (param "b" s32) (result s32)
    (canon lift (core func $i "divide"))))
