"""What torch saves: a zip, a sequence of pickles with storages behind them, and programs in TorchScript."""
