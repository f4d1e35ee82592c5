"""Training a fold: each modality alone, then all together.

- ``task``: what is asked, and what is told
- ``fold``: ``train_fold``
- ``stage``, ``objective``, ``optimisation``, ``batches``: one stage of it
- ``reading``, ``augmentation``, ``random_numbers``: what each step draws
- ``networks``, ``frozen``, ``assessment``: networks, cached embeddings, and risks over combinations
- ``checkpoint``, ``history``: what is kept on the disk
- ``machine``: processors and precision
- ``search``: what a search of hyper-parameters varies, tries and is judged by
"""
