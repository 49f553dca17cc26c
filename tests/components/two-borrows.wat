;; Hands two borrows of a host resource to the host in one call.
(component
  (import "test:host/things" (instance $things
    (export "thing" (type $thing (sub resource)))
    (export "make" (func (param "number" u32) (result (own $thing))))
    (export "same" (func (param "a" (borrow $thing)) (param "b" (borrow $thing)) (result bool)))))
  (alias export $things "thing" (type $thing))
  (core func $make (canon lower (func $things "make")))
  (core func $same (canon lower (func $things "same")))
  (core func $drop (canon resource.drop $thing))
  (core module $code
    (import "host" "make" (func $make (param i32) (result i32)))
    (import "host" "same" (func $same (param i32 i32) (result i32)))
    (import "host" "drop" (func $drop (param i32)))
    (func (export "run") (result i32)
      (local $a i32) (local $b i32) (local $same i32)
      (local.set $a (call $make (i32.const 1)))
      (local.set $b (call $make (i32.const 2)))
      (local.set $same (call $same (local.get $a) (local.get $b)))
      (call $drop (local.get $a))
      (call $drop (local.get $b))
      (local.get $same)))
  (core instance $i (instantiate $code
    (with "host" (instance
      (export "make" (func $make))
      (export "same" (func $same))
      (export "drop" (func $drop))))))
  ;; 1 where the host said true, else 0.
  (func (export "run") (result u32) (canon lift (core func $i "run"))))
