;; Honest work without an end of its own making: n steps of xorshift64, each needing the last.
(component
  (core module $code
    (func (export "work") (param $n i64) (result i64)
      (local $x i64)
      (local.set $x (i64.const 88172645463325252))
      (block $done
        (loop $again
          (br_if $done (i64.eqz (local.get $n)))
          (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
          (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
          (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
          (local.set $n (i64.sub (local.get $n) (i64.const 1)))
          (br $again)))
      (local.get $x)))
  (core instance $i (instantiate $code))
  (func (export "work") (param "n" u64) (result u64) (canon lift (core func $i "work"))))
