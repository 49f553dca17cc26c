;; Calls the host while it is being instantiated, and answers what it was told.
(component
  (import "test:host/calls" (instance $calls
    (export "ping" (func (param "n" u32) (result u32)))))
  (core func $ping (canon lower (func $calls "ping")))
  (core module $code
    (import "host" "ping" (func $ping (param i32) (result i32)))
    (global $told (mut i32) (i32.const 0))
    (func $start (global.set $told (call $ping (i32.const 7))))
    (func (export "told") (result i32) (global.get $told))
    (start $start))
  (core instance $i (instantiate $code
    (with "host" (instance (export "ping" (func $ping))))))
  (func (export "told") (result u32) (canon lift (core func $i "told"))))
