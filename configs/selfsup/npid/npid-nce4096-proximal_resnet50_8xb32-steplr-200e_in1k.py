# The paper's NCE with its proximal term. The paper plots lambda of 0, 10, 30 and 50 and does not
# say which one its results have.
_base_ = './npid-nce4096_resnet50_8xb32-steplr-200e_in1k.py'

model = dict(head=dict(proximal_weight=30.0))  # lambda
