"""What people listen to and write down: the queue, who has what, and what their texts say of the service."""
