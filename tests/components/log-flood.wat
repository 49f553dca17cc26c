;; Logs without end, through the one interface that a host serves to every plugin.
(component
  (import "innkeeper:capabilities/log@0.1.0-draft" (instance $log
    (type $levels (enum "trace" "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $levels)))
    (export "write" (func (param "level" $level) (param "message" string)))))
  (core module $memory
    (memory (export "memory") 1)
    (data (i32.const 16) "again"))
  (core instance $memory (instantiate $memory))
  (core func $write (canon lower (func $log "write") (memory (core memory $memory "memory"))))
  (core module $code
    (import "log" "write" (func $write (param i32 i32 i32)))
    (func (export "flood")
      (loop $again
        (call $write (i32.const 0) (i32.const 16) (i32.const 5))
        (br $again))))
  (core instance $i (instantiate $code
    (with "log" (instance (export "write" (func $write))))))
  (func (export "flood") (canon lift (core func $i "flood"))))
