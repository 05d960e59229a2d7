"""emulators/redis/commands"""
