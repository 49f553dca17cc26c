;; Asks for 1,025 pages from the start, one page over 64 MiB: no instance can be made of it
;; under the default limit.
(component
  (core module $code
    (memory 1025)
    (func (export "nothing")))
  (core instance $i (instantiate $code))
  (func (export "nothing") (canon lift (core func $i "nothing"))))
