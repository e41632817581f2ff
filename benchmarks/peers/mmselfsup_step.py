"""Time the NPID step of mmselfsup 1.0.0; started by ``benchmarks/head_step.py``.

The step is that of mmselfsup.models.algorithms.NPID.loss after the neck, with its memory and head:
draw, gather, similarities, loss, backward, update.
"""

import sys

import torch
from measure import extra_megabytes, seconds
from mmselfsup.models.heads import ContrastiveHead
from mmselfsup.models.memories import SimpleMemory


def main():
    """Print 'seconds' or 'memory' of a step, as each line of standard input asks."""
    device, batch, length, dim, num = sys.argv[1], *map(int, sys.argv[2:6])
    torch.manual_seed(0)
    memory = SimpleMemory(length=length, feat_dim=dim, momentum=0.5).to(device)
    head = ContrastiveHead(loss=dict(type='mmcls.CrossEntropyLoss'), temperature=0.07)
    output = torch.randn(batch, dim, device=device, requires_grad=True)

    def step():
        output.grad = None
        index = torch.randint(length, (batch,), device=device)
        feature = torch.nn.functional.normalize(output)
        neg_idx = memory.multinomial.draw(batch * num)
        pos_feat = torch.index_select(memory.feature_bank, 0, index)
        neg_feat = torch.index_select(memory.feature_bank, 0, neg_idx).view(batch, num, dim)
        pos_logits = torch.einsum('nc,nc->n', [pos_feat, feature]).unsqueeze(-1)
        neg_logits = torch.bmm(neg_feat, feature.unsqueeze(2)).squeeze(2)
        loss = head(pos_logits, neg_logits)
        with torch.no_grad():
            memory.update(index, feature.detach())
        loss.backward()

    step()
    print('ready', flush=True)
    for request in sys.stdin:
        measure = {'seconds': seconds, 'memory': extra_megabytes}[request.strip()]
        print(measure(step, device), flush=True)


if __name__ == '__main__':
    main()
