"""Convert checkpoints between NPID implementations, torchvision, timm and safetensors."""
