;; Calls the host: once with a string, many times with a number, and once to wait.
(component
  (import "test:host/calls" (instance $calls
    (export "ping" (func (param "n" u32) (result u32)))
    (export "say" (func (param "text" string) (result string)))
    (export "wait" (func (param "ms" u32)))))

  ;; Memory stands apart from the code, as lowering `say` needs it before the code exists.
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

  (core func $ping (canon lower (func $calls "ping")))
  (core func $wait (canon lower (func $calls "wait")))
  (core func $say
    (canon lower (func $calls "say")
      (memory (core memory $memory "memory"))
      (realloc (core func $memory "realloc"))))

  (core module $code
    (import "host" "ping" (func $ping (param i32) (result i32)))
    (import "host" "say" (func $say (param i32 i32 i32)))
    (import "host" "wait" (func $wait (param i32)))

    ;; The host's answer, address and length, is written at 16 and returned from there.
    (func (export "relay") (param $text i32) (param $size i32) (result i32)
      (call $say (local.get $text) (local.get $size) (i32.const 16))
      (i32.const 16))

    ;; ping(0), ping(1), … ping(n - 1): the sum of the answers.
    (func (export "ping-many") (param $n i32) (result i32)
      (local $i i32) (local $sum i32)
      (block $done
        (loop $again
          (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
          (local.set $sum (i32.add (local.get $sum) (call $ping (local.get $i))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $again)))
      (local.get $sum))

    (func (export "pause") (param $ms i32) (call $wait (local.get $ms))))
  (core instance $i (instantiate $code
    (with "host" (instance
      (export "ping" (func $ping))
      (export "say" (func $say))
      (export "wait" (func $wait))))))

  (func (export "relay") (param "text" string) (result string)
    (canon lift (core func $i "relay")
      (memory (core memory $memory "memory"))
      (realloc (core func $memory "realloc"))
      (post-return (core func $memory "free"))))
  (func (export "ping-many") (param "n" u32) (result u32)
    (canon lift (core func $i "ping-many")))
  (func (export "pause") (param "ms" u32)
    (canon lift (core func $i "pause"))))
