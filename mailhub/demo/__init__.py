"""The demo: an invented company, its clients, and three hundred letters that arrive while one watches."""
