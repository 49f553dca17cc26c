;; Takes memory page by page and fills each, until growth is refused; answers the pages it holds.
;; Every byte is written, so that the memory is resident.
(component
  (core module $code
    (memory 0)
    (func (export "fill") (result i32)
      (local $page i32)
      (block $refused
        (loop $again
          (br_if $refused
            (i32.eq (local.tee $page (memory.grow (i32.const 1))) (i32.const -1)))
          (memory.fill
            (i32.shl (local.get $page) (i32.const 16)) (i32.const 0x61) (i32.const 0x10000))
          (br $again)))
      (memory.size)))
  (core instance $i (instantiate $code))
  (func (export "fill") (result u32) (canon lift (core func $i "fill"))))
