;; Reads any address of its memory, which is one page: from 65,533 on it is out of bounds.
(component
  (core module $code
    (memory 1)
    (func (export "read") (param $address i32) (result i32) (i32.load (local.get $address))))
  (core instance $i (instantiate $code))
  (func (export "read") (param "address" u32) (result u32)
    (canon lift (core func $i "read"))))
