;; Loops without end while it is being instantiated.
(component
  (core module $code
    (func $start (loop $again (br $again)))
    (func (export "nothing"))
    (start $start))
  (core instance $i (instantiate $code))
  (func (export "nothing") (canon lift (core func $i "nothing"))))
