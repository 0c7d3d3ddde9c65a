@ The file, as it is, in flash.
    .section .model, "a"
    .incbin MODEL
