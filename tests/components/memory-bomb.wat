;; Takes memory page by page, writing to each, until growth is refused.
;; `grow` answers the pages it holds then; `hog` traps instead.
(component
  (core module $code
    (memory 1)
    (func $take (result i32)
      (local $page i32)
      (block $refused
        (loop $again
          (br_if $refused
            (i32.eq (local.tee $page (memory.grow (i32.const 1))) (i32.const -1)))
          (i32.store (i32.shl (local.get $page) (i32.const 16)) (i32.const 1))
          (br $again)))
      (memory.size))
    (func (export "grow") (result i32) (call $take))
    (func (export "hog") (result i32) (drop (call $take)) unreachable))
  (core instance $i (instantiate $code))
  (func (export "grow") (result u32) (canon lift (core func $i "grow")))
  (func (export "hog") (result u32) (canon lift (core func $i "hog"))))
