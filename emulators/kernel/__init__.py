"""emulators/kernel"""
