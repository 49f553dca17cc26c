;; Uses a resource of the host in every way: constructed, borrowed, owned in and out, in a list
;; and an option, dropped, hoarded, and used after it was dropped.
(component
  (import "test:host/things" (instance $things
    (export "thing" (type $thing (sub resource)))
    (export "[constructor]thing" (func (param "label" string) (result (own $thing))))
    (export "[method]thing.label" (func (param "self" (borrow $thing)) (result string)))
    (export "[static]thing.merge"
      (func (param "left" (own $thing)) (param "right" (own $thing)) (result (own $thing))))
    (export "take" (func (param "it" (own $thing)) (result u32)))
    (export "find" (func (param "label" string) (result (option (own $thing)))))
    (export "count" (func (param "items" (list (borrow $thing))) (result u32)))))
  (alias export $things "thing" (type $thing))

  (core module $memory
    (memory (export "memory") 1)
    (global $heap (mut i32) (i32.const 1024))
    (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32)
      (param $size i32) (result i32)
      (local $at i32)
      (local.set $at
        (i32.and
          (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
      (global.set $heap (i32.add (local.get $at) (local.get $size)))
      (if (i32.gt_u (global.get $heap) (i32.shl (memory.size) (i32.const 16)))
        (then
          (if (i32.lt_s
                (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1)))
                (i32.const 0))
            (then unreachable))))
      (memory.copy (local.get $at) (local.get $old) (local.get $old-size))
      (local.get $at))
    (func (export "free") (param i32) (global.set $heap (i32.const 1024))))
  (core instance $memory (instantiate $memory))

  (core func $new
    (canon lower (func $things "[constructor]thing") (memory (core memory $memory "memory"))))
  (core func $label
    (canon lower (func $things "[method]thing.label")
      (memory (core memory $memory "memory"))
      (realloc (core func $memory "realloc"))))
  (core func $merge (canon lower (func $things "[static]thing.merge")))
  (core func $take (canon lower (func $things "take")))
  (core func $find
    (canon lower (func $things "find") (memory (core memory $memory "memory"))))
  (core func $count
    (canon lower (func $things "count") (memory (core memory $memory "memory"))))
  (core func $drop (canon resource.drop $thing))

  (core module $code
    (import "memory" "memory" (memory 1))
    (import "host" "new" (func $new (param i32 i32) (result i32)))
    (import "host" "label" (func $label (param i32 i32)))
    (import "host" "merge" (func $merge (param i32 i32) (result i32)))
    (import "host" "take" (func $take (param i32) (result i32)))
    (import "host" "find" (func $find (param i32 i32 i32)))
    (import "host" "count" (func $count (param i32 i32) (result i32)))
    (import "host" "drop" (func $drop (param i32)))

    ;; The label of a thing, written at 16 as address and length; the thing is dropped.
    (func $label-and-drop (param $it i32) (result i32)
      (call $label (local.get $it) (i32.const 16))
      (call $drop (local.get $it))
      (i32.const 16))

    (func (export "label") (param $text i32) (param $size i32) (result i32)
      (call $label-and-drop (call $new (local.get $text) (local.get $size))))
    (func (export "merge") (param i32 i32 i32 i32) (result i32)
      (call $label-and-drop
        (call $merge
          (call $new (local.get 0) (local.get 1))
          (call $new (local.get 2) (local.get 3)))))
    (func (export "give") (param $text i32) (param $size i32) (result i32)
      (call $take (call $new (local.get $text) (local.get $size))))

    ;; True where the host found one. The option lies at 32: discriminant, then the handle.
    (func (export "find") (param $text i32) (param $size i32) (result i32)
      (call $find (local.get $text) (local.get $size) (i32.const 32))
      (if (i32.eqz (i32.load8_u (i32.const 32))) (then (return (i32.const 0))))
      (call $drop (i32.load (i32.const 36)))
      (i32.const 1))

    ;; Three things without a label, borrowed in one list.
    (func (export "count-three") (result i32)
      (local $count i32)
      (i32.store (i32.const 48) (call $new (i32.const 0) (i32.const 0)))
      (i32.store (i32.const 52) (call $new (i32.const 0) (i32.const 0)))
      (i32.store (i32.const 56) (call $new (i32.const 0) (i32.const 0)))
      (local.set $count (call $count (i32.const 48) (i32.const 3)))
      (call $drop (i32.load (i32.const 48)))
      (call $drop (i32.load (i32.const 52)))
      (call $drop (i32.load (i32.const 56)))
      (local.get $count))

    (func (export "churn") (param $n i32) (result i32)
      (local $i i32)
      (block $done
        (loop $again
          (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
          (call $drop (call $new (i32.const 0) (i32.const 0)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $again)))
      (local.get $i))
    (func (export "hoard") (param $n i32) (result i32)
      (local $i i32)
      (block $done
        (loop $again
          (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
          (drop (call $new (i32.const 0) (i32.const 0)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $again)))
      (local.get $i))

    (func (export "use-after-drop") (result i32)
      (local $it i32)
      (local.set $it (call $new (i32.const 0) (i32.const 0)))
      (call $drop (local.get $it))
      (call $label (local.get $it) (i32.const 16))
      (i32.const 16)))
  (core instance $i (instantiate $code
    (with "memory" (instance $memory))
    (with "host" (instance
      (export "new" (func $new))
      (export "label" (func $label))
      (export "merge" (func $merge))
      (export "take" (func $take))
      (export "find" (func $find))
      (export "count" (func $count))
      (export "drop" (func $drop))))))

  (func (export "label") (param "text" string) (result string)
    (canon lift (core func $i "label")
      (memory (core memory $memory "memory"))
      (realloc (core func $memory "realloc"))
      (post-return (core func $memory "free"))))
  (func (export "merge") (param "left" string) (param "right" string) (result string)
    (canon lift (core func $i "merge")
      (memory (core memory $memory "memory"))
      (realloc (core func $memory "realloc"))
      (post-return (core func $memory "free"))))
  (func (export "give") (param "text" string) (result u32)
    (canon lift (core func $i "give")
      (memory (core memory $memory "memory"))
      (realloc (core func $memory "realloc"))
      (post-return (core func $memory "free"))))
  (func (export "find") (param "label" string) (result bool)
    (canon lift (core func $i "find")
      (memory (core memory $memory "memory"))
      (realloc (core func $memory "realloc"))
      (post-return (core func $memory "free"))))
  (func (export "count-three") (result u32) (canon lift (core func $i "count-three")))
  (func (export "churn") (param "n" u32) (result u32) (canon lift (core func $i "churn")))
  (func (export "hoard") (param "n" u32) (result u32) (canon lift (core func $i "hoard")))
  (func (export "use-after-drop") (result string)
    (canon lift (core func $i "use-after-drop") (memory (core memory $memory "memory")))))
