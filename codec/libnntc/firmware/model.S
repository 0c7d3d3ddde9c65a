@ The files, as they are: the model in flash, and its base, if there is one, in the flash chip.
    .section .model, "a"
    .incbin MODEL
#ifdef BASE
    .section .base, "a"
    .incbin BASE
#endif
