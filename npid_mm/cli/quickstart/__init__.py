"""The quickstart: train, evaluate and show NPID on a small folder of images."""
