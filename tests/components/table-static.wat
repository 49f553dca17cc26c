;; Asks for 100,001 table elements from the start, one over the default limit: no instance can
;; be made of it.
(component
  (core module $code
    (table 100001 funcref)
    (func (export "nothing")))
  (core instance $i (instantiate $code))
  (func (export "nothing") (canon lift (core func $i "nothing"))))
