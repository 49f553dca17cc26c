;; Writes one message to the host's log, as a warning, and answers its length in bytes.
(component
  (import "innkeeper:capabilities/log@0.1.0-draft" (instance $log
    (type $levels (enum "trace" "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $levels)))
    (export "write" (func (param "level" $level) (param "message" string)))))
  (core module $memory
    (memory (export "memory") 1)
    (data (i32.const 16) "hello\n from a \1b[31mguest"))
  (core instance $memory (instantiate $memory))
  (core func $write (canon lower (func $log "write") (memory (core memory $memory "memory"))))
  (core module $code
    (import "log" "write" (func $write (param i32 i32 i32)))
    (func (export "tell") (result i32)
      (call $write (i32.const 3) (i32.const 16) (i32.const 24))
      (i32.const 24)))
  (core instance $i (instantiate $code
    (with "log" (instance (export "write" (func $write))))))
  (func (export "tell") (result u32) (canon lift (core func $i "tell"))))
