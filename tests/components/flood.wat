;; Calls the host without end.
(component
  (import "test:host/calls" (instance $calls
    (export "ping" (func (param "n" u32) (result u32)))))
  (core func $ping (canon lower (func $calls "ping")))
  (core module $code
    (import "host" "ping" (func $ping (param i32) (result i32)))
    (func (export "flood")
      (loop $again
        (drop (call $ping (i32.const 1)))
        (br $again))))
  (core instance $i (instantiate $code
    (with "host" (instance (export "ping" (func $ping))))))
  (func (export "flood") (canon lift (core func $i "flood"))))
