;; Traps while it is being instantiated.
(component
  (core module $code
    (func $start unreachable)
    (func (export "nothing"))
    (start $start))
  (core instance $i (instantiate $code))
  (func (export "nothing") (canon lift (core func $i "nothing"))))
