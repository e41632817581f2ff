# The quickstart with the quadratic loss.
_base_ = '../npid/npid-exact_resnet18-w16_1xb32-coslr-60e_digits.py'

model = dict(head=dict(type='QuadraticHead'))
