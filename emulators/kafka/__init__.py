"""emulators/kafka"""
