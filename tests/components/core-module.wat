;; A core module, which is not a component.
(module
  (func (export "nothing")))
