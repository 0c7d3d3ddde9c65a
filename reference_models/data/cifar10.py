from reference_models.data.mosaics import read_mosaics as read_cifar10
