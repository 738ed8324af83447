package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		enfant()
		return
	}
	os.Exit(père())
}

func enfant() {
	fmt.Printf("Bonjour ! Je suis l'enfant, processus n° %d.\n", os.Getpid())
}

func père() int {
	fmt.Printf("Je suis le père, processus n° %d.\n", os.Getpid())

	commande := exec.Command("/proc/self/exe", append([]string{"child"}, os.Args...)...)
	commande.Stdin = os.Stdin
	commande.Stdout = os.Stdout
	commande.Stderr = os.Stderr

	if err := commande.Start(); err != nil {
		fmt.Println("Échec du lancement :", err)
		return 1
	}
	err := commande.Wait()
	code := commande.ProcessState.ExitCode()
	if err != nil {
		fmt.Printf("L'enfant a échoué : code %d.\n", code)
	} else {
		fmt.Printf("L'enfant a fini : code %d.\n", code)
	}
	return code
}
