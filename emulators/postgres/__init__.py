"""emulators/postgres"""
