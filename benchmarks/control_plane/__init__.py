"""What the control plane costs and how it behaves when it is attacked: measured on a platform of its own."""
