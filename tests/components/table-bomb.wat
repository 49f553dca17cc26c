;; Takes table elements, a thousand at a time, until growth is refused.
;; `grow` answers the elements it holds then; `hog` traps instead.
(component
  (core module $code
    (table $elements 0 funcref)
    (func $take (result i32)
      (block $refused
        (loop $again
          (br_if $refused
            (i32.eq (table.grow $elements (ref.null func) (i32.const 1000)) (i32.const -1)))
          (br $again)))
      (table.size $elements))
    (func (export "grow") (result i32) (call $take))
    (func (export "hog") (result i32) (drop (call $take)) unreachable))
  (core instance $i (instantiate $code))
  (func (export "grow") (result u32) (canon lift (core func $i "grow")))
  (func (export "hog") (result u32) (canon lift (core func $i "hog"))))
