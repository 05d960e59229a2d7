"""emulators/redis"""
