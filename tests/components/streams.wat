;; Functions whose types hold streams and futures, which the host does not carry.
(component
  (core module $code
    (func (export "refuse") (result i32) unreachable))
  (core instance $i (instantiate $code))
  (func (export "feed") (result (stream u8)) (canon lift (core func $i "refuse")))
  (func (export "later") (result (future u32)) (canon lift (core func $i "refuse")))
  (func (export "plain") (result u32) (canon lift (core func $i "refuse"))))
