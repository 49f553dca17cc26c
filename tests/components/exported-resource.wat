;; Exports a resource of its own, whose functions carry handles, beside one plain function.
(component
  ;; A counter is four bytes of memory; its address stands for it.
  (core module $counters
    (memory 1)
    (global $free (mut i32) (i32.const 16))
    (func (export "make") (param $start i32) (result i32)
      (global.set $free (i32.add (global.get $free) (i32.const 4)))
      (i32.store (global.get $free) (local.get $start))
      (global.get $free))
    (func (export "next") (param $counter i32) (result i32)
      (i32.store (local.get $counter)
        (i32.add (i32.load (local.get $counter)) (i32.const 1)))
      (i32.load (local.get $counter)))
    (func (export "plain") (result i32) (i32.const 1)))
  (core instance $counters (instantiate $counters))

  (type $counter (resource (rep i32)))
  (core func $handle (canon resource.new $counter))
  (core module $constructor
    (import "counters" "make" (func $make (param i32) (result i32)))
    (import "host" "handle" (func $handle (param i32) (result i32)))
    (func (export "new") (param $start i32) (result i32)
      (call $handle (call $make (local.get $start)))))
  (core instance $constructor (instantiate $constructor
    (with "counters" (instance $counters))
    (with "host" (instance (export "handle" (func $handle))))))

  (func $new (param "start" u32) (result (own $counter))
    (canon lift (core func $constructor "new")))
  (func $next (param "self" (borrow $counter)) (result u32)
    (canon lift (core func $counters "next")))

  ;; A resource gets its name for others only where an interface exports it.
  (component $interface
    (import "resource" (type $counter (sub resource)))
    (import "new" (func $new (param "start" u32) (result (own $counter))))
    (import "next" (func $next (param "self" (borrow $counter)) (result u32)))
    (export $named "counter" (type $counter))
    (export "[constructor]counter" (func $new)
      (func (param "start" u32) (result (own $named))))
    (export "[method]counter.next" (func $next)
      (func (param "self" (borrow $named)) (result u32))))
  (instance $exported (instantiate $interface
    (with "resource" (type $counter))
    (with "new" (func $new))
    (with "next" (func $next))))

  (export "test:guest/counters" (instance $exported))
  (func (export "plain") (result u32) (canon lift (core func $counters "plain"))))
