;; `async func` exports, by the callback form of the component model's async ABI: a core function
;; answers 0 when its task is over and 1 to yield, after which its callback is called.
(component
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
      (local.get $at)))
  (core instance $memory (instantiate $memory))

  (core func $return-number (canon task.return (result u32)))
  (core func $return-text
    (canon task.return (result string) (memory (core memory $memory "memory"))))
  (core func $keep (canon context.set i32 0))
  (core func $kept (canon context.get i32 0))

  (core module $code
    (import "task" "return-number" (func $return-number (param i32)))
    (import "task" "return-text" (func $return-text (param i32 i32)))
    (import "task" "keep" (func $keep (param i32)))
    (import "task" "kept" (func $kept (result i32)))

    (func (export "answer") (result i32)
      (call $return-number (i32.const 42))
      (i32.const 0))
    (func (export "echo") (param $text i32) (param $size i32) (result i32)
      (call $return-text (local.get $text) (local.get $size))
      (i32.const 0))
    (func (export "never-called-back") (param i32 i32 i32) (result i32) unreachable)

    ;; Yields once for each turn; the turns left are kept in the task's own context.
    (func (export "patient") (param $turns i32) (result i32)
      (call $keep (local.get $turns))
      (call $turn))
    (func $turn (result i32)
      (if (i32.eqz (call $kept))
        (then
          (call $return-number (i32.const 42))
          (return (i32.const 0))))
      (call $keep (i32.sub (call $kept) (i32.const 1)))
      (i32.const 1))
    (func (export "patient-back") (param i32 i32 i32) (result i32) (call $turn))

    (func (export "forever") (result i32) (i32.const 1))
    (func (export "forever-back") (param i32 i32 i32) (result i32) (i32.const 1)))
  (core instance $i (instantiate $code
    (with "task" (instance
      (export "return-number" (func $return-number))
      (export "return-text" (func $return-text))
      (export "keep" (func $keep))
      (export "kept" (func $kept))))))

  (func (export "answer") async (result u32)
    (canon lift (core func $i "answer") async
      (callback (core func $i "never-called-back"))))
  (func (export "echo") async (param "text" string) (result string)
    (canon lift (core func $i "echo") async
      (memory (core memory $memory "memory"))
      (realloc (core func $memory "realloc"))
      (callback (core func $i "never-called-back"))))
  (func (export "patient") async (param "turns" u32) (result u32)
    (canon lift (core func $i "patient") async
      (callback (core func $i "patient-back"))))
  (func (export "forever") async
    (canon lift (core func $i "forever") async
      (callback (core func $i "forever-back")))))
