;; Computes without end, or for a counted number of turns. Ends by deadline or cancel alone.
(component
  (core module $code
    (func (export "endless") (loop $again (br $again)))
    (func (export "spin") (param $n i64) (result i64)
      (local $i i64)
      (block $done
        (loop $again
          (br_if $done (i64.ge_u (local.get $i) (local.get $n)))
          (local.set $i (i64.add (local.get $i) (i64.const 1)))
          (br $again)))
      (local.get $i)))
  (core instance $i (instantiate $code))
  (func (export "endless") (canon lift (core func $i "endless")))
  (func (export "spin") (param "n" u64) (result u64) (canon lift (core func $i "spin"))))
