;; Stops itself.
(component
  (core module $code
    (func (export "fail") unreachable)
    (func (export "nothing")))
  (core instance $i (instantiate $code))
  (func (export "fail") (canon lift (core func $i "fail")))
  (func (export "nothing") (canon lift (core func $i "nothing"))))
